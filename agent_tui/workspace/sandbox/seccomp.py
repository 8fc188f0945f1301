"""The filter of system calls inside the sandbox, as a program of the kernel's classic BPF.

It denies what namespaces alone do not take away: looking into other processes, mounting, making
further namespaces, the kernel's keyrings, and interfaces whose bugs have been ways out. Everything
else is allowed, so that compilers and test runners work. Debuggers and tracers do not.
"""

import platform
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from errno import EAFNOSUPPORT, ENOSYS, EPERM
from types import MappingProxyType

# Numbers of x86-64 and of the generic table that 64-bit ARM uses (asm/unistd_64.h and
# asm-generic/unistd.h); None where a machine does not have the call. A test compares them with
# those that libseccomp knows.
DENIED: Mapping[str, tuple[int | None, int | None]] = MappingProxyType(
    {
        # other processes
        "ptrace": (101, 117),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "process_madvise": (440, 440),
        "pidfd_getfd": (438, 438),
        "kcmp": (312, 272),
        # mounts and namespaces
        "mount": (165, 40),
        "umount2": (166, 39),
        "pivot_root": (155, 41),
        "chroot": (161, 51),
        "move_mount": (429, 429),
        "open_tree": (428, 428),
        "fsopen": (430, 430),
        "fsconfig": (431, 431),
        "fsmount": (432, 432),
        "fspick": (433, 433),
        "mount_setattr": (442, 442),
        "unshare": (272, 97),
        "setns": (308, 268),
        "open_by_handle_at": (304, 265),
        # the kernel
        "bpf": (321, 280),
        "perf_event_open": (298, 241),
        "userfaultfd": (323, 282),
        "io_uring_setup": (425, 425),
        "io_uring_enter": (426, 426),
        "io_uring_register": (427, 427),
        "fanotify_init": (300, 262),
        "kexec_load": (246, 104),
        "kexec_file_load": (320, 294),
        "init_module": (175, 105),
        "finit_module": (313, 273),
        "delete_module": (176, 106),
        "acct": (163, 89),
        "swapon": (167, 224),
        "swapoff": (168, 225),
        "reboot": (169, 142),
        "quotactl": (179, 60),
        "quotactl_fd": (443, 443),
        "syslog": (103, 116),
        "iopl": (172, None),
        "ioperm": (173, None),
        # keyrings, which no namespace separates
        "keyctl": (250, 219),
        "add_key": (248, 217),
        "request_key": (249, 218),
        # clocks of the whole machine
        "settimeofday": (164, 170),
        "clock_settime": (227, 112),
        "adjtimex": (159, 171),
        "clock_adjtime": (305, 266),
    }
)

_CLONE, _CLONE3, _IOCTL, _SOCKET = (56, 220), (435, 435), (16, 29), (41, 198)

_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID and -NET (linux/sched.h)."""

_TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: they type into the terminal (asm-generic/ioctls.h)."""

_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Not AF_VSOCK: it passes by the network namespace."""

_X32 = 0x40000000

# linux/bpf_common.h and linux/seccomp.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCH, _ARGUMENT_0, _ARGUMENT_1 = 0, 4, 16, 24  # the low halves, on little-endian


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor architecture.

    Attributes:
        audit: Its AUDIT_ARCH_* constant (linux/audit.h).
        column: Its place in the table of numbers.
        x32: Whether it has a second set of numbers, for 32-bit pointers.
    """

    audit: int
    column: int
    x32: bool = False


MACHINES: Mapping[str, Machine] = MappingProxyType(
    {
        "x86_64": Machine(0xC000003E, 0, x32=True),
        "aarch64": Machine(0xC00000B7, 1),
    }
)


def filter_program(machine: str = platform.machine()) -> bytes | None:
    """The filter for a machine, in the form that ``bwrap --seccomp`` reads; None if unknown."""
    found = MACHINES.get(machine)
    if found is None:
        return None
    return b"".join(struct.pack("=HBBI", *step) for step in _steps(found))


_Step = tuple[int, int, int, int]


def _return(answer: int) -> _Step:
    return _RETURN, 0, 0, answer


def _refuse(error: int) -> _Step:
    return _return(_ERRNO | error)


def _for(call: int, *steps: _Step) -> Iterator[_Step]:
    """Steps for one system call, whose number is loaded; they end with a return."""
    yield _EQUAL, 0, len(steps), call
    yield from steps


def _steps(machine: Machine) -> Iterator[_Step]:
    """Operation, jump if true, jump if false, operand."""
    column = machine.column
    yield _LOAD, 0, 0, _ARCH
    yield _EQUAL, 1, 0, machine.audit
    yield _return(_KILL)  # a program for another architecture has other numbers
    yield _LOAD, 0, 0, _NUMBER
    if machine.x32:
        yield _AT_LEAST, 0, 1, _X32
        yield _refuse(ENOSYS)
    for numbers in DENIED.values():
        number = numbers[column]
        if number is not None:
            yield from _for(number, _refuse(EPERM))
    # Its flags are in memory, where a filter cannot look: libraries fall back to clone.
    yield from _for(_CLONE3[column], _refuse(ENOSYS))
    yield from _for(
        _CLONE[column],
        (_LOAD, 0, 0, _ARGUMENT_0),
        (_ANY_BIT, 0, 1, _NAMESPACES),
        _refuse(EPERM),
        _return(_ALLOW),
    )
    yield from _for(
        _IOCTL[column],
        (_LOAD, 0, 0, _ARGUMENT_1),
        *(step for request in _TERMINAL_INPUT for step in _for(request, _refuse(EPERM))),
        _return(_ALLOW),
    )
    yield from _for(
        _SOCKET[column],
        (_LOAD, 0, 0, _ARGUMENT_0),
        *(step for family in _FAMILIES for step in _for(family, _return(_ALLOW))),
        _refuse(EAFNOSUPPORT),
    )
    yield _return(_ALLOW)

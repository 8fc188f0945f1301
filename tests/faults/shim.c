/* Lets the n-th call with which git changes something on the disk fail.
 *
 * FAULT_COUNT names a file that gets a byte for each call of all git processes together, FAULT_NTH
 * says which call fails, FAULT_ERRNO how; with FAULT_STAYS all later ones fail as well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char *program_invocation_short_name;

static int fails(void)
{
    static ssize_t (*real)(int, const void *, size_t);
    const char *file = getenv("FAULT_COUNT"), *nth = getenv("FAULT_NTH");
    struct stat found;
    int descriptor;
    long number;

    if (!file || !nth || strcmp(program_invocation_short_name, "git"))
        return 0;
    if (!real)
        real = dlsym(RTLD_NEXT, "write");
    descriptor = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return 0;
    real(descriptor, "x", 1);
    fstat(descriptor, &found);
    close(descriptor);
    number = atol(nth);
    if (found.st_size == number || (number > 0 && getenv("FAULT_STAYS") && found.st_size > number)) {
        errno = atoi(getenv("FAULT_ERRNO"));
        return 1;
    }
    return 0;
}

static int regular(int descriptor)
{
    struct stat found;

    return !fstat(descriptor, &found) && S_ISREG(found.st_mode);
}

#define NEXT(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

ssize_t write(int descriptor, const void *data, size_t size)
{
    return regular(descriptor) && fails() ? -1 : NEXT(write, descriptor, data, size);
}

int fsync(int descriptor)
{
    return fails() ? -1 : NEXT(fsync, descriptor);
}

int fdatasync(int descriptor)
{
    return fails() ? -1 : NEXT(fdatasync, descriptor);
}

int rename(const char *old, const char *new)
{
    return fails() ? -1 : NEXT(rename, old, new);
}

int link(const char *old, const char *new)
{
    return fails() ? -1 : NEXT(link, old, new);
}

int mkdir(const char *path, mode_t mode)
{
    return fails() ? -1 : NEXT(mkdir, path, mode);
}

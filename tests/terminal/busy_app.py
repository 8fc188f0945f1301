"""A program that writes to its terminal without a pause, as a streaming model makes it do."""

from textual.app import App

from agent_tui.ui.terminal import Terminal


class Busy(App[None]):
    """Writes, and writes again."""

    def __init__(self) -> None:
        super().__init__(driver_class=Terminal)

    def on_mount(self) -> None:
        """Begin to write."""
        self.set_interval(0.001, self.go_on)

    def go_on(self) -> None:
        """Write some words, one by one."""
        if self._driver is not None:
            for _ in range(200):
                self._driver.write(".")

    def on_key(self) -> None:
        """End it."""
        self.exit()


if __name__ == "__main__":
    Busy().run()

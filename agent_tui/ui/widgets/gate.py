"""The gate bar as it fits the screen: whole sentences and keys, and a sign that there is more."""

from textual.content import Content

from agent_tui.ui.render.fitting import fit_keys, fit_sentences
from agent_tui.ui.widgets.bars import GateBar


class FittedGateBar(GateBar):
    """A gate bar that leaves out what does not fit, from the end."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._question, self._keys = Content(""), Content("")
        self._waiting = self._deaf = False

    def show(self, question: Content, keys: Content, *, waiting: bool, deaf: bool) -> None:
        """Show a question and its keys, as much of them as fits."""
        self._question, self._keys = question, keys
        self._waiting, self._deaf = waiting, deaf
        width = self.content_size.width or self.app.size.width
        super().show(
            fit_sentences(question, width), fit_keys(keys, width), waiting=waiting, deaf=deaf
        )

    def on_resize(self) -> None:
        """Fit both anew."""
        self.show(self._question, self._keys, waiting=self._waiting, deaf=self._deaf)

"""What goes wrong between a person and a command."""


class UsageError(Exception):
    """Something typed could not be understood; `answer()` catches it and tells the person.

    The text says what was expected and what was found, in words for a chat; `suggestions` are what was
    probably meant.
    """

    def __init__(self, text: str, suggestions: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.suggestions = suggestions

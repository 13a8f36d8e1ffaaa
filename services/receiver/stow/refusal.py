"""Requests that are answered before their body is asked for."""

from http import HTTPStatus


class Refusal(Exception):
    """Not this request. `word` says why, in our own words, and may stand in logs."""

    def __init__(self, status: HTTPStatus, word: str, *headers: tuple[str, str]) -> None:
        super().__init__(word)
        self.status, self.word, self.headers = status, word, headers

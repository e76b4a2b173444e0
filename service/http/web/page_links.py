"""The pages that scripts fill, in the order of their links: a new page is a line here.

A page's template, its script and its subject in the catalogue of words bear its name; its link is the word `page.NAME`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShellPage:
    """A page in the shell: its address, and its scopes: a key needs one of them to do something there."""

    address: str
    needs: str


PAGES = {
    "dashboard": ShellPage("/", "reports:read"),
    "record": ShellPage("/record", "transactions:write residents:read"),
    "transactions": ShellPage("/transactions", "transactions:read"),
    "consignments": ShellPage("/consignments", "transactions:read transactions:write residents:read"),
    "residents": ShellPage("/residents", "residents:read residents:write"),
    "enterprises": ShellPage("/enterprises", "transactions:read transactions:write"),
    "transfers": ShellPage("/transfers", "transactions:read transactions:write"),
    "processing_batches": ShellPage("/processing-batches", "transactions:read transactions:write"),
    "trace": ShellPage("/trace", "transactions:read"),
    "signals": ShellPage("/signals", "signals:read"),
}

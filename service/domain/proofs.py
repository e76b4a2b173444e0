"""Proofs: with a proof, a caller can check offline that a sealed block holds an entry unchanged (docs/CHAIN.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.domain.chain import Block, encode, why_not_sealed
from service.domain.merkle import Step, leaf_hash, merkle_path
from service.domain.transactions import MARKET_TIME, Transaction


class SealBroken(Exception):
    """The journal no longer holds what a block has sealed, so that it can't prove anything."""


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry, its leaf, the steps from the leaf to the root, and the block that has this root."""

    transaction: Transaction
    leaf: bytes
    path: tuple[Step, ...]
    block: Block


def prove(transaction: Transaction, leaves: Sequence[bytes], index: int, block: Block) -> Proof:
    """The proof for the entry at `index` of a block whose entries have these leaf hashes, in their order.

    Raises SealBroken when entry, leaves and block do not belong together, because such a proof would fail.
    """
    leaf = leaf_hash(encode(transaction))
    problem = why_not_sealed(block, leaves)
    if problem is None and (not 0 <= index < len(leaves) or leaves[index] != leaf):
        problem = f"Block {block.no} has another entry than {transaction.transaction_id} at place {index}."
    if problem is not None:
        raise SealBroken(problem)
    return Proof(transaction, leaf, tuple(merkle_path(leaves, index)), block)


def document(proof: Proof, answered: Mapping[str, object]) -> dict[str, object]:
    """The document of a proof. `answered` is the transaction exactly as the answer to posting it, without more members.

    The sentences of its warnings are left out. `sealed_extra` holds the fields that the entry seals and the transaction
    does not show, and so the text that the sentences are made of.
    """
    block, entry = proof.block, proof.transaction
    return {
        "transaction": {name: value for name, value in answered.items() if name != "warnings"},
        "sealed_extra": {
            "exempt_quantity_g": entry.exempt_quantity_g,
            "list_group": entry.list_group,
            "warnings": entry.warnings,
        },
        "leaf_hash": proof.leaf.hex(),
        "path": [{"side": step.side, "hash": step.hash.hex()} for step in proof.path],
        "block": {
            "no": block.no,
            "previous_hash": block.previous_hash.hex(),
            "hash": block.hash.hex(),
            "merkle_root": block.merkle_root.hex(),
            "count": block.count,
            "sealed_at": block.sealed_at.astimezone(MARKET_TIME).isoformat(),
            "register": None if block.register is None else {"no": block.register.no, "mac": block.register.mac.hex()},
        },
    }

"""The ledger itself: its head, its blocks, and proofs that anyone can check offline."""

import re

from schemas import ledger as wire
from schemas.fields import Instant
from schemas.transactions import TransactionWriter
from service.domain.errors import NotFound
from service.domain.proofs import document
from service.http.context import app_context
from service.http.path_ids import transaction_id_in
from service.http.routes import Answer, Routes
from service.http.trade_points import own_trade_point
from service.queries import ledger as queries

routes = Routes("Ledger")

_TRANSACTION = TransactionWriter()
_INSTANT = Instant()


@routes.get("/v1/ledger", scope="ledger:verify", answer=wire.HeadSchema)
def get_ledger() -> Answer:
    """The head of the ledger: its newest block, its transactions, and what is not folded yet."""
    head = queries.get_head(app_context().ledger)
    return Answer(
        {
            "block": 0 if head.block is None else head.block.no,
            "hash": None if head.block is None else head.block.hash.hex(),
            "transactions": head.transactions,
            "tail": head.tail,
            "verified_at": None if head.verified_at is None else _INSTANT.render(head.verified_at),
        }
    )


@routes.get("/v1/ledger/blocks/<no>", scope="ledger:verify", answer=wire.BlockSchema, refuses=[NotFound])
def get_block(no: str) -> Answer:
    """One sealed block; its hash covers its number, the block before, its transactions and its instant."""
    if re.fullmatch(r"[1-9][0-9]{0,8}", no, re.ASCII) is None:
        raise NotFound("No such block is sealed; blocks are numbered from 1.")
    block = queries.get_block(app_context().ledger, int(no))
    return Answer(
        {
            "no": block.no,
            "previous_hash": block.previous_hash.hex(),
            "hash": block.hash.hex(),
            "merkle_root": block.merkle_root.hex(),
            "count": block.count,
            "sealed_at": _INSTANT.render(block.sealed_at),
        }
    )


@routes.get(
    "/v1/transactions/<transaction_id>/proof", scope="ledger:verify", answer=wire.ProofSchema, refuses=[NotFound]
)
def get_transaction_proof(transaction_id: str) -> Answer:
    """The path from a transaction to its block, to be checked offline by docs/verify_proof.py or anything else."""
    proof = queries.get_proof(app_context().ledger, transaction_id_in(transaction_id), own_trade_point())
    return Answer(document(proof, _TRANSACTION.dump(proof.transaction, app_context().keys.name_of)))

"""The monthly bulletin on the wire: a JSON document, and from it a workbook and what a printed page shows."""

from schemas.bulletin_document import BulletinQuerySchema, BulletinSchema, bulletin_document
from service.rendering.bulletin.edition import Edition
from service.rendering.bulletin.workbook import workbook_of

__all__ = ["BulletinQuerySchema", "BulletinSchema", "Edition", "bulletin_document", "workbook_of"]

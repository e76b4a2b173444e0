"""What the database itself refuses and holds, on both engines."""

"""What people read: dataset card, terminal tables, progress."""

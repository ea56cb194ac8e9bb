"""From stored records to device batches."""

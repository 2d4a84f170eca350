"""What a monitoring system asks: numbers to keep, and whether all is well."""

"""Two sample products that sign people in through Sésame; nothing here imports the service."""

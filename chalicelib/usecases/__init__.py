"""One module per verb. Each gathers facts through adapters, lets pure code decide, then acts."""

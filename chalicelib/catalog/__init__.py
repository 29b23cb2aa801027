"""What a customer owns (assets, uploads) and how it is named: ids, object keys, states, prices. Pure."""

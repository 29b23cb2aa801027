"""What users of AWS's Video on Demand solution (SO0021) know: its metadata files, records and messages. Pure."""

"""Raw to tidy Parquet: cleaning, storing, and what the data are like."""

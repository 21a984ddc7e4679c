"""The whole book rated twice, by the tariffs of the store and by drafts that replace them: what revenue and bills would be."""

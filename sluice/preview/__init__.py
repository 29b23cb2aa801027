"""`sluice preview`: a composition in the author's own browser, under the clock that renders it."""

"""Pure numerical functions on arrays; the estimators of the other rooms stand on them."""

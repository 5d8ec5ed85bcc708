"""calcml: the calculus of machine learning, executed."""

"""The paper exchange, rule by rule (SEMANTICS, "The exchange")."""

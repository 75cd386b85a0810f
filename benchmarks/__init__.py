"""Programs that measure; run by hand, on a machine that does nothing else. What they found stands in docs/performance.md."""

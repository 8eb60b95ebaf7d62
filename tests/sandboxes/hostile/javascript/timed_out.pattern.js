// One step of a regular expression, that nothing interrupts.
/^(a+)+$/.test("a".repeat(60) + "b");

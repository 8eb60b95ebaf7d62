for (;;) require("fs").writeSync(1, "x".repeat(1000));

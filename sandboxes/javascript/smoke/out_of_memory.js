const held = [];
for (;;) held.push(Buffer.alloc(1000000, 1));

const held: Buffer[] = [];
for (;;) held.push(Buffer.alloc(1000000, 1));

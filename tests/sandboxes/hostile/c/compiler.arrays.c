/* An object of several gigabytes, written out by the assembler. */
char large[3L << 30] = {1};
int main(void) { return large[5]; }

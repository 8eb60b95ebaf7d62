/* The assembler is a language too. */
__asm__(".rept 1000000000\n.byte 1\n.endr");
int main(void) { return 0; }

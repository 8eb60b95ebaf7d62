#include <stdio.h>

static volatile int stop;

static int deeper(int depth) {
    volatile char frame[4096];
    frame[0] = (char)depth;
    return stop ? 0 : deeper(depth + 1) + frame[0];
}

int main(void) {
    printf("%d\n", deeper(0));
    return 0;
}

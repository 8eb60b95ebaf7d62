/* The loopback of this box is down, and no address is a neighbour's. */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
    int held = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    held &= ioctl(fd, SIOCSIFFLAGS, &request) != 0;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
    const char *addresses[] = {"127.0.0.1", "127.255.255.255", "255.255.255.255", "224.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.0.1", "8.8.8.8"};
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        to.sin_addr.s_addr = inet_addr(addresses[i]);
        held &= sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) < 0;
    }
    puts(held ? "held" : "escaped");
    return 0;
}

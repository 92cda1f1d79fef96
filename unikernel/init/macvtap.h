/* The unikernel's end of eth0. Every function returns 0, or -1 with errno set. */

#define MACVTAP "macvtap0"

/* Makes macvtap0 on eth0 in passthru mode (the card's own address and nothing else: EC2 refuses others)
   and brings it up. It stays for as long as the machine runs. */
int make_macvtap(void);

/* Gives macvtap0's character device to this user, under the name by which solo5-spt knows all of them. */
int give_macvtap(int user);

/* Frames of 1500 bytes, one by one: a unikernel cannot take merged ones. */
int plain_frames(const char *interface);

/* Writes the hardware address of an interface as text (18 bytes with its end). */
int hardware_address(const char *interface, char text[18]);

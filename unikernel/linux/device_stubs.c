/* Reads that do not wait, and the kernel's readiness to give random numbers. */
#define _GNU_SOURCE
#include <caml/bigarray.h>
#include <caml/mlvalues.h>
#include <sys/random.h>
#include <sys/uio.h>

/* Reads what the page cache holds: the number of bytes, or -1 when the data would have to be waited
   for (or the file system cannot say). Never blocks, so it runs on the event loop's own thread. */
CAMLprim value mirage_pages_read_cached(value fd, value buffer, value at, value length, value offset) {
  struct iovec iov = {(char *)Caml_ba_data_val(buffer) + Long_val(at), Long_val(length)};
  return Val_long(preadv2(Int_val(fd), &iov, 1, Long_val(offset), RWF_NOWAIT));
}

CAMLprim value mirage_pages_random_ready(value unit) {
  unsigned char byte;
  (void)unit;
  return Val_bool(getrandom(&byte, 1, GRND_NONBLOCK) == 1);
}

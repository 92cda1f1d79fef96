/* Reads that do not wait, the kernel's readiness to give random numbers, and the limit
   on open files. */
#define _GNU_SOURCE
#include <caml/bigarray.h>
#include <caml/mlvalues.h>
#include <sys/random.h>
#include <sys/resource.h>
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

/* Raises the limit on open files as far as this user may, and tells it. */
CAMLprim value mirage_pages_raise_files(value unit) {
  struct rlimit limit;
  (void)unit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return Val_long(256);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return Val_long(limit.rlim_cur > 1000000 ? 1000000 : (long)limit.rlim_cur);
}

/* What ocaml-ssl 0.5 lacks: a server context from PEM text in memory, its certificate's time, OpenSSL's options for many small
   connections, and giving a connection's memory back at once. The layout of its custom blocks (one
   pointer) is that of ocaml-ssl's ssl_stubs.c. */
#include <caml/alloc.h>
#include <caml/custom.h>
#include <caml/memory.h>
#include <caml/mlvalues.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>
#include <time.h>

#define Ctx_val(v) (*((SSL_CTX **)Data_custom_val(v)))
#define Ssl_val(v) (*((SSL **)Data_custom_val(v)))

/* RFC 7301: a client that offers protocols, but not HTTP/1.1, is told so by an alert. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *outlen,
                           const unsigned char *in, unsigned int inlen, void *arg) {
  static const unsigned char ours[] = "\x08http/1.1";
  (void)ssl;
  (void)arg;
  if (SSL_select_next_proto((unsigned char **)out, outlen, ours, sizeof ours - 1, in, inlen) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  return SSL_TLSEXT_ERR_OK;
}

/* Whoever gets the tickets' key can decrypt the connection in which a ticket of TLS 1.2 was given.
   One of TLS 1.3 decrypts nothing: each connection agrees on keys of its own as well. */
static int no_old_tickets(SSL *ssl, void *arg) {
  (void)arg;
  if (SSL_version(ssl) < TLS1_3_VERSION) SSL_set_options(ssl, SSL_OP_NO_TICKET);
  return 1;
}

static const char *use_chain(SSL_CTX *ctx, const char *pem, int length) {
  const char *error = NULL;
  BIO *bio = BIO_new_mem_buf(pem, length);
  X509 *leaf = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
  X509 *next;
  if (!leaf || SSL_CTX_use_certificate(ctx, leaf) != 1) error = "chain.pem holds no usable certificate";
  X509_free(leaf);
  while (!error && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
    if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
      X509_free(next);
      error = "chain.pem holds an unusable intermediate certificate";
    }
  BIO_free(bio);
  return error;
}

static const char *use_key(SSL_CTX *ctx, const char *pem, int length) {
  const char *error = NULL;
  BIO *bio = BIO_new_mem_buf(pem, length);
  EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, "") : NULL;
  if (!key || SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
    error = "key.pem is not the private key of the certificate in chain.pem";
  EVP_PKEY_free(key);
  BIO_free(bio);
  return error;
}

/* Returns what is wrong, or the empty string. */
CAMLprim value mirage_pages_tls_configure(value context, value chain, value key) {
  CAMLparam3(context, chain, key);
  SSL_CTX *ctx = Ctx_val(context);
  const char *error = NULL;
  /* In the order of the MirageOS backend: AES-128 and SHA-256 are as strong as X25519 and P-256, and
     cheaper than longer ones. */
  if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                    "TLS_CHACHA20_POLY1305_SHA256") != 1 ||
      SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
      SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") != 1)
    error = "OpenSSL refuses the TLS settings";
  /* No session is kept, clients have them in tickets (of TLS 1.3 alone): memory does not grow. */
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_cert_cb(ctx, no_old_tickets, NULL);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  /* The buffer of a write may move between tries, and idle connections hold no buffers. */
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  /* One read for a record and its header. */
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
  if (!error) error = use_chain(ctx, String_val(chain), (int)caml_string_length(chain));
  if (!error) error = use_key(ctx, String_val(key), (int)caml_string_length(key));
  ERR_clear_error();
  CAMLreturn(caml_copy_string(error ? error : ""));
}

/* Of an X.509 time; one that is none counts as 1970. */
static value seconds(const ASN1_TIME *time) {
  struct tm parts;
  return Val_long(ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0);
}

CAMLprim value mirage_pages_tls_validity(value context) {
  CAMLparam1(context);
  const X509 *leaf = SSL_CTX_get0_certificate(Ctx_val(context));
  value pair = caml_alloc_tuple(2);
  Store_field(pair, 0, seconds(X509_get0_notBefore(leaf)));
  Store_field(pair, 1, seconds(X509_get0_notAfter(leaf)));
  CAMLreturn(pair);
}

/* ocaml-ssl frees a connection when the garbage collector finds it, which may be much later. Its
   finaliser calls SSL_free, which passes over NULL. */
CAMLprim value mirage_pages_tls_free(value socket) {
  SSL *ssl = Ssl_val(socket);
  Ssl_val(socket) = NULL;
  SSL_free(ssl);
  ERR_clear_error();
  return Val_unit;
}

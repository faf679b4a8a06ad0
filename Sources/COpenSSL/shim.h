// OpenSSL 3's libcrypto for Swift: macros as static inline functions. Nothing here decides anything.
#ifndef INTEGRATION_HOST_COPENSSL_H
#define INTEGRATION_HOST_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#endif

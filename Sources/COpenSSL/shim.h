// OpenSSL 3's libcrypto for Swift: macros as static inline functions. Nothing here decides anything.
//
// The SHA256_* and SHA512_* calls are marked deprecated in favour of EVP, but their context is a plain struct that is
// copied by assignment: a keyed HMAC template is duplicated without an allocation or an atomic count. They are in every
// OpenSSL 3 that a distribution ships (only a `no-deprecated` build lacks them).
#ifndef INTEGRATION_HOST_COPENSSL_H
#define INTEGRATION_HOST_COPENSSL_H

#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

static const int CO_EVP_PKEY_PUBLIC_KEY = EVP_PKEY_PUBLIC_KEY;

#endif

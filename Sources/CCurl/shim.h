// libcurl for Swift: its variadic functions and function-pointer options as typed static inline functions. Nothing here
// decides anything.
#ifndef INTEGRATION_HOST_CCURL_H
#define INTEGRATION_HOST_CCURL_H

#include <curl/curl.h>

static inline CURLcode cc_setopt_long(CURL *h, CURLoption o, long v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode cc_setopt_off(CURL *h, CURLoption o, curl_off_t v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode cc_setopt_str(CURL *h, CURLoption o, const char *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode cc_setopt_ptr(CURL *h, CURLoption o, void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode cc_setopt_bytes(CURL *h, CURLoption o, const void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode cc_setopt_slist(CURL *h, CURLoption o, struct curl_slist *v) { return curl_easy_setopt(h, o, v); }

static inline CURLcode cc_setopt_data(CURL *h, CURLoption o, size_t (*f)(char *, size_t, size_t, void *)) {
    return curl_easy_setopt(h, o, f);
}
static inline CURLcode cc_setopt_opensocket(CURL *h, curl_socket_t (*f)(void *, curlsocktype, struct curl_sockaddr *)) {
    return curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, f);
}
static inline CURLcode cc_setopt_prereq(CURL *h, int (*f)(void *, char *, char *, int, int)) {
    return curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, f);
}

static inline CURLcode cc_getinfo_long(CURL *h, CURLINFO i, long *v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode cc_getinfo_off(CURL *h, CURLINFO i, curl_off_t *v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode cc_getinfo_ptr(CURL *h, CURLINFO i, void **v) { return curl_easy_getinfo(h, i, v); }

static inline CURLMcode cc_multi_setopt_long(CURLM *m, CURLMoption o, long v) { return curl_multi_setopt(m, o, v); }

static inline CURLcode cc_message_result(const CURLMsg *m) { return m->data.result; }

static const long CC_HTTP_VERSION_1_1 = CURL_HTTP_VERSION_1_1, CC_HTTP_VERSION_2TLS = CURL_HTTP_VERSION_2TLS;
static const long CC_SSLVERSION_TLSV1_2 = CURL_SSLVERSION_TLSv1_2;
static const long CC_HEADER_SEPARATE = CURLHEADER_SEPARATE;
static const curl_socket_t CC_SOCKET_BAD = CURL_SOCKET_BAD;
static const long CC_WRITEFUNC_PAUSE = CURL_WRITEFUNC_PAUSE;
static const int CC_PAUSE_CONT = CURLPAUSE_CONT;
static const long CC_GLOBAL_DEFAULT = CURL_GLOBAL_DEFAULT;

#endif

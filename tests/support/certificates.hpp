// Certificates made by the test: an authority of its own, what that signs, and files to hold them.
#pragma once

#include <selvedge/net/options.hpp>
#include <tests/support/catch.hpp>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <type_traits>

namespace selvedge::test {

template <auto Free> struct OpenSslFree {
  template <typename T> void operator()(T* object) const { Free(object); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509_free>>;

struct Leaf {
  std::string names = "DNS:origin.test"; // subjectAltName as OpenSSL writes it; empty: none
  std::string common_name = "a leaf";
  long ends_in = 3600; // seconds from now; negative: it has expired
};

// PEM.
struct CertifiedKey {
  std::string certificate;
  std::string key;
};

class Authority {
public:
  Authority() : key_(EVP_EC_gen("P-256")), certificate_(begin("", key_.get(), 3600)) {
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
    add(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    add(certificate_.get(), NID_key_usage, "critical,keyCertSign");
    REQUIRE(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0);
  }

  std::string certificate() const { return text_of(certificate_.get()); }

  CertifiedKey issue(const Leaf& leaf) const {
    const KeyPtr key(EVP_EC_gen("P-256"));
    const X509Ptr made = begin(leaf.common_name, key.get(), leaf.ends_in);
    X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
    if (!leaf.names.empty()) add(made.get(), NID_subject_alt_name, leaf.names);
    REQUIRE(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
    return {text_of(made.get()), text_of(key.get())};
  }

private:
  static X509Ptr begin(const std::string& common_name, EVP_PKEY* key, long ends_in) {
    static long serial = 0;
    ++serial;
    X509Ptr made(X509_new());
    REQUIRE(made != nullptr);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -24 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), ends_in);
    X509_set_pubkey(made.get(), key);
    // An authority has a name that no other has: its certificate is looked for by that.
    const std::string name =
        common_name.empty() ? "authority " + std::to_string(serial) : common_name;
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    return made;
  }

  static void add(X509* to, int which, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, which, value.c_str());
    REQUIRE(extension != nullptr);
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
  }

  template <typename Object> static std::string text_of(Object* object) {
    const std::unique_ptr<BIO, OpenSslFree<BIO_free_all>> bio(BIO_new(BIO_s_mem()));
    if constexpr (std::is_same_v<Object, X509>) {
      REQUIRE(PEM_write_bio_X509(bio.get(), object) == 1);
    } else {
      REQUIRE(PEM_write_bio_PrivateKey(bio.get(), object, nullptr, nullptr, 0, nullptr, nullptr) ==
              1);
    }
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }

  KeyPtr key_;
  X509Ptr certificate_;
};

// Files in a directory of their own, which goes with this.
class CertificateFiles {
public:
  CertificateFiles() {
    namespace fs = std::filesystem;
    std::string name = (fs::temp_directory_path() / "selvedge-certificates-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~CertificateFiles() { std::filesystem::remove_all(path_); }
  CertificateFiles(const CertificateFiles&) = delete;
  CertificateFiles& operator=(const CertificateFiles&) = delete;

  // Returns its path.
  std::string write(const std::string& text) {
    const auto file = path_ / std::to_string(++files_);
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }
  net::CertificateOptions write(const CertifiedKey& pair) {
    return {write(pair.certificate), write(pair.key)};
  }

private:
  std::filesystem::path path_;
  int files_ = 0;
};

} // namespace selvedge::test

// The shipped `full` template on a real Nginx: HTTPS by server name, HTTP/2, websockets. And websockets everywhere.
#include <fstream>

#include "tests/harness/loopback.h"
#include "tests/integration/echo_server.h"
#include "tests/integration/template_site.h"

namespace chorale::testing {
namespace {

using std::chrono::seconds;

class TemplateTlsTest : public TemplateSite {
 protected:
  // A self-signed certificate for these names, as NAME.crt and NAME.key.
  void make_certificate(const std::string& file, const std::string& names) {
    const std::string base = files_.path() / "certs" / file;
    const auto ran = run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                          "-days", "1", "-subj", "/CN=" + file, "-addext", "subjectAltName=" + names, "-keyout",
                          base + ".key", "-out", base + ".crt"});
    ASSERT_TRUE(std::ifstream(base + ".crt").good()) << ran;
    std::filesystem::permissions(base + ".key", std::filesystem::perms(0644));
  }
  // What a client that trusts this certificate gets: "<HTTP version> <status>\n<body>", or curl's error.
  [[nodiscard]] std::string https(const std::string& host, const std::string& page, const std::string& certificate,
                                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"--cacert",  files_.path() / "certs" / (certificate + ".crt"),
                                       "--resolve", host + ":" + std::to_string(https_port_) + ":127.0.0.1",
                                       "-w",        "\n%{http_version} %{http_code}"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.push_back("https://" + host + ":" + std::to_string(https_port_) + page);
    return curl(arguments);
  }
};

TEST_F(TemplateTlsTest, CertificateIsThatOfTheNameAskedFor) {
  make_certificate("shop", "DNS:shop");
  make_certificate("default", "DNS:default,IP:127.0.0.1");
  make_certificate("wildcard", "DNS:*.example.com");
  std::ofstream(files_.path() / "certs" / "names.map") << "*.example.com wildcard;\n";
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve("full", {app("/shop"), app("/a", {{"subdomain", "a.example.com"}}), app("/bare")})) << complaint();
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(https("shop", "/page", "shop"), "127.0.1.1 /page prefix= conn=close n=1\n2 200");
  EXPECT_EQ(https("a.example.com", "/page", "wildcard"), "127.0.1.1 /page prefix= conn=close n=1\n2 200");
  EXPECT_EQ(https("shop", "/page", "shop", {"--http1.1"}), "127.0.1.1 /page prefix= conn=close n=1\n1.1 200");
  EXPECT_NE(https("a.example.com", "/", "shop").find("SSL certificate problem"), std::string::npos);
  EXPECT_NE(https("127.0.0.1", "/", "default").find("503"), std::string::npos) << "a client that names nobody";
  EXPECT_EQ(https("bare", "/", "shop").find(" 200"), std::string::npos) << "there is no certificate for that name";
  EXPECT_EQ(get("/page", "bare").status, 200) << "which harms nothing else of it";
}

TEST_F(TemplateTlsTest, RenewedCertificateIsServed) {
  make_certificate("shop", "DNS:shop");
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve("full", {app("/shop")}));
  EXPECT_TRUE(https("shop", "/", "shop").ends_with("2 200"));
  std::filesystem::copy_file(files_.path() / "certs" / "shop.crt", files_.path() / "certs" / "old.crt");
  make_certificate("shop", "DNS:shop");
  ASSERT_TRUE(reload());
  EXPECT_TRUE(https("shop", "/", "shop").ends_with("2 200"));
  EXPECT_FALSE(https("shop", "/", "old").ends_with("2 200"));
}

TEST_F(TemplateTlsTest, RedirectLeadsFromHttpToHttps) {
  make_certificate("shop", "DNS:shop");
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve("full", {app("/shop", {{"chorale.https", "redirect"}, {"chorale.sticky", "cookie:route"}})}));
  EXPECT_EQ(get("/page", "shop").status, 308);
  const std::string reply = https("shop", "/page", "shop", {"-i"});
  EXPECT_TRUE(reply.ends_with("2 200")) << reply;
  EXPECT_NE(reply.find("; Path=/; HttpOnly; Secure"), std::string::npos) << reply;
}

TEST_F(TemplateTlsTest, WebsocketsPassWithAndWithoutTls) {
  make_certificate("socket", "DNS:socket");
  const EchoServer server("server", "127.0.1.9", kServerPort);
  ASSERT_TRUE(server.listens());
  const std::vector<std::string> upgrade{"--http1.1",          "-i",         "-N", "-H", "Connection: Upgrade", "-H",
                                         "Upgrade: websocket", "--max-time", "1"};
  for (const Labels& labels : {Labels(), Labels{{"chorale.keepalive", "4"}}}) {
    const std::vector<agent::MarathonApp> apps{app("/socket", labels, {"127.0.1.9"})};
    for (const char* name : {"path", "vhost", "full"}) {
      ASSERT_TRUE(serve(name, apps));
      const std::string page = name == std::string("path") ? "/socket/" : "/";
      std::vector<std::string> arguments = upgrade;
      arguments.insert(arguments.end(),
                       {"-H", "Host: socket", "http://127.0.0.1:" + std::to_string(proxy_.port()) + page});
      const std::string reply = curl(arguments);
      EXPECT_TRUE(reply.starts_with("HTTP/1.1 101 ")) << name << reply;
      EXPECT_NE(reply.find("Connection: upgrade\r\n"), std::string::npos) << name << reply;
      EXPECT_NE(reply.find("Upgrade: websocket\r\n"), std::string::npos) << name << reply;
      EXPECT_NE(reply.find("server open\n"), std::string::npos) << name << reply;
    }
    const std::string reply = https("socket", "/", "socket", upgrade);
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 101 ")) << reply;
    EXPECT_NE(reply.find("server open\n"), std::string::npos) << reply;
  }
}

// As one file of an http block of the user's own, who has a certificate and a server on the same ports.
TEST_F(TemplateTlsTest, FormForConfDServesTheSame) {
  make_certificate("shop", "DNS:shop");
  const EchoServer server("server", "127.0.1.9", kServerPort);
  ASSERT_TRUE(server.listens());
  ASSERT_TRUE(start_servers({"127.0.1.1"}));
  ASSERT_TRUE(serve("full-conf.d", {app("/shop", {{"chorale.https", "redirect"}, {"chorale.sticky", "cookie:route"}}),
                                    app("/socket", {}, {"127.0.1.9"})}))
      << complaint();
  EXPECT_EQ(complaint(), "");
  EXPECT_EQ(get("/page", "shop").status, 308);
  const std::string reply = https("shop", "/page", "shop", {"-i"});
  EXPECT_TRUE(reply.ends_with("2 200")) << reply;
  EXPECT_NE(reply.find("; Path=/; HttpOnly; Secure"), std::string::npos) << reply;
  const std::string upgraded =
      curl({"--http1.1", "-i", "-N", "--max-time", "1", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H",
            "Host: socket", "http://127.0.0.1:" + std::to_string(proxy_.port()) + "/"});
  EXPECT_NE(upgraded.find("server open\n"), std::string::npos) << upgraded;
  EXPECT_EQ(get("/", "nobody").body, "foreign");
}

}  // namespace
}  // namespace chorale::testing

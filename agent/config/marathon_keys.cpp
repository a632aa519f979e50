#include "agent/config/marathon_keys.h"

#include "agent/base/ip_network.h"
#include "agent/base/url.h"
#include "agent/config/config_values.h"
#include "render/allow_list.h"

namespace chorale::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Checked = tl::expected<void, Failure>;

constexpr std::string_view kMarathon = "Marathon";

tl::unexpected<Failure> not_so(const std::string& why) { return tl::unexpected(Failure{why}); }

Checked label_value(std::string_view text) {
  if (const auto wrong = render::refuse_quoted(text)) return not_so(wrong->message);
  return {};
}

Checked callback_url(std::string_view text) {
  if (text.empty()) return {};
  const auto url = parse_url(text);
  if (!url) return not_so(url.error().message);
  if (url->target.find('?') == std::string::npos) return {};
  return not_so("expected a URL without a query, e.g. \"http://proxy-1:7000/v1/events\"");
}

Checked caller(std::string_view text) {
  if (text == "any") return {};
  const auto network = IpNetwork::parse(text);
  return network ? Checked() : not_so(network.error().message + "; or \"any\"");
}

Checked read_callback_listen(std::string_view text, Config& config) {
  if (text.empty()) return {};
  return parse_listen(text).map([&](ListenAddress listen) {
    config.callback_address = std::move(listen.address);
    config.callback_port = listen.port;
  });
}

std::string write_callback_listen(const Config& config) {
  return config.callback_port == 0 ? std::string() : host_and_port(config.callback_address, config.callback_port);
}

std::vector<Key> access_keys() {
  return {
      {.name = "marathon",
       .heading = kMarathon,
       .type = ListKey<std::vector<std::string>>{kMember<&Config::marathon>, ","},
       .text = "Marathon's base URLs in order of priority, http:// or https://; or its own `--zk`, as in "
               "\"zk://master-1:2181,master-2:2181/marathon\": then its election "
               "there says where it is and who leads. An agent does not start without it. The same on all proxies.",
       .more =
           "The leading agent alone reads apps and events from Marathon. Every other agent pings each URL every "
           "ten seconds, for its own health. A URL may have a path, below which Marathon answers, and credentials "
           "(`http://user:password@host:port`, the same in all URLs), which stand for `user` and `pass`. A zk:// "
           "address may name credentials, `zk://user:password@host:port/path`. If Marathon's leader changes, the next "
           "one is followed at once.",
       .unset = "none; it must be set",
       .example = R"(["http://master-1:8080", "http://master-2:8080", "http://master-3:8080"])"},
      {.name = "marathon_https",
       .heading = kMarathon,
       .type = FlagKey{kMember<&Config::marathon_https>},
       .text =
           "With a zk:// address: Marathon runs with `--disable_http`, so that the ports which its nodes name in the "
           "election speak HTTPS."},
      {.name = "user",
       .heading = kMarathon,
       .type = TextKey{kMember<&Config::user>},
       .text = "The user for HTTP basic authentication at Marathon. Empty: no credentials are sent."},
      {.name = "pass",
       .heading = kMarathon,
       .type = TextKey{kMember<&Config::pass>},
       .text = "The password of `user`. Protect this file when you set it (chmod 640)."},
      {.name = "realm",
       .heading = kMarathon,
       .type = ListKey<std::set<std::string>>{kMember<&Config::routing, &RoutingRules::realm>, "", label_value},
       .text = "Route only the apps whose label `NIXY_REALM` equals this, or one of a list such as [\"blue\", "
               "\"green\"]. Empty: route all apps."},
      {.name = "ca_file",
       .heading = kMarathon,
       .type = TextKey{kMember<&Config::tls, &TlsFiles::ca_file>},
       .text = "A PEM file with the authorities that sign Marathon's certificate. Empty: those of the system."},
  };
}

std::vector<Key> secret_keys() {
  return {
      {.name = "marathon_auth_file",
       .heading = kMarathon,
       .type = TextKey{kMember<&Config::marathon_auth_file>},
       .text =
           "A file with one line `user:password`, instead of `user` and `pass`, readable by root alone (chmod 600). "
           "What is written there later is in use within seconds.",
       .more = "The line may also be `Bearer TOKEN` or `token=TOKEN`: it is then what the Authorization header says.",
       .unset = "none",
       .example = R"("/etc/chorale/marathon.auth")"},
      {.name = "marathon_service_account_file",
       .heading = kMarathon,
       .type = TextKey{kMember<&Config::marathon_service_account_file>},
       .text =
           "DC/OS: the JSON file of a service account (`uid`, `private_key`, `login_endpoint`), readable by root alone "
           "(chmod 600). The agent logs in there, sends the token that it gets to Marathon, and renews it before it "
           "ends.",
       .more = "The token is also renewed if Marathon refuses it, and if the file changes. While the login endpoint "
               "does not answer, the last token stays in use as long as it is good, the routes stay as they are, and "
               "health says so. Contradicts `user` and `marathon_auth_file`."},
      {.name = "marathon_cert_file",
       .heading = kMarathon,
       .type = TextKey{kMember<&Config::tls, &TlsFiles::cert_file>},
       .text = "A PEM file with the certificate that the agent shows to a Marathon, or a proxy before it, that demands "
               "one; needs `marathon_key_file`. A certificate that is replaced is shown from the next connection on.",
       .unset = "none",
       .example = R"("/etc/chorale/marathon-client.pem")"},
      {.name = "marathon_key_file",
       .heading = kMarathon,
       .type = TextKey{kMember<&Config::tls, &TlsFiles::key_file>},
       .text =
           "The private key of `marathon_cert_file`, in PEM without a passphrase, readable by root alone (chmod 600).",
       .unset = "none",
       .example = R"("/etc/chorale/marathon-client.key")"},
  };
}

std::vector<Key> event_keys() {
  return {
      {.name = "event_source",
       .heading = kMarathon,
       .type = ChoiceKey{kMember<&Config::event_callbacks>, "callback", "sse"},
       .text =
           "How Marathon's events arrive: \"sse\" is its event stream; \"callback\" lets it post them to the leading "
           "agent, as Marathon up to 1.4 does with `--event_subscriber http_callback`.",
       .more =
           "With \"callback\" the leader subscribes, looks every ten seconds whether its subscription is still "
           "there, and takes it back when it stops or steps down; a new leader also takes back what an earlier one of "
           "this pool has left behind. Its URL is recognised by `?chorale=POOL&epoch=N&agent=ID` at the end. If no "
           "event arrives, Marathon is asked for all apps every `resync_interval`, at most every ten seconds, and "
           "health "
           "says so."},
      {.name = "callback_url",
       .heading = kMarathon,
       .type = TextKey{kMember<&Config::callback_url>, callback_url},
       .text = "The URL of this proxy at which Marathon can post events, `http://HOST:PORT`; needed with "
               "`event_source` = \"callback\", and different on every proxy.",
       .more = "`/v1/events` is added if the path does not end so. `chorale check` refuses a URL that cannot reach "
               "`callback_listen` on this host.",
       .unset = "none",
       .example = R"("http://proxy-1:7000")"},
      {.name = "callback_listen",
       .heading = kMarathon,
       .type = ParsedKey{read_callback_listen, write_callback_listen},
       .text =
           "Where the leading agent listens for Marathon's events: a literal address and a port, as in `listen`, but "
           "another port. Other agents do not listen there.",
       .unset = "every IPv4 address, the port of `callback_url`",
       .example = R"(":7000")"},
      {.name = "callback_from",
       .heading = kMarathon,
       .type = ListKey<std::vector<std::string>>{kMember<&Config::callback_from>, ",", caller},
       .text =
           "Who may post events: addresses and networks, or \"any\". Unset: every address of the hosts in `marathon`, "
           "which is too few where `marathon` names a balancer, or a proxy stands before `callback_url`.",
       .more = "With this key `chorale check` only warns of a `callback_url` that does not lead to this host.",
       .unset = "the addresses of Marathon's hosts",
       .example = R"(["10.0.0.0/8"])"},
  };
}

std::vector<Key> answer_keys() {
  return {
      {.name = "resync_interval",
       .heading = kMarathon,
       .type = DurationKey{kMember<&Config::resync_interval>, seconds(1), hours(24)},
       .text = "Ask Marathon for all apps at least this often, regardless of its events."},
      {.name = "health_memory",
       .heading = kMarathon,
       .type = DurationKey{kMember<&Config::health_memory>, milliseconds(0), hours(24)},
       .text = "How long a routed task stays routed after Marathon has lost its health results, as it does when it "
               "fails over."},
      {.name = "shrink_limit",
       .heading = kMarathon,
       .type = FractionKey{kMember<&Config::shrink_limit>},
       .text = "An answer of Marathon with fewer than this share of the apps or servers in use is held back until it "
               "is confirmed.",
       .more = "What it would remove is removed when events confirm it, or when the same answer has come three times "
               "over ten seconds. An answer that leaves less than a tenth, or nothing, is never confirmed by "
               "repetition. What it adds is taken at once."},
      {.name = "expose_env",
       .heading = kMarathon,
       .type = ListKey<std::set<std::string>>{kMember<&Config::expose_env>, ","},
       .text = "The environment variables of apps that templates (`{{env.NAME}}`) and `/v1/config` may show.",
       .more = "All others stay out of ZooKeeper, the log and the admin API."},
  };
}

}  // namespace

std::vector<Key> marathon_keys() {
  std::vector<Key> all = access_keys();
  for (const auto& keys : {secret_keys(), event_keys(), answer_keys()}) all.insert(all.end(), keys.begin(), keys.end());
  return all;
}

}  // namespace chorale::agent

#include "agent/nginx/nginx_user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "agent/base/text_file.h"
#include "agent/nginx/config_file.h"
#include "agent/nginx/config_text.h"
#include "agent/nginx/config_words.h"

namespace chorale::agent {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 30U;

// As Nginx reads it: without a second word the group has the user's name.
bool exists(const std::string& account) {
  std::istringstream words(account);
  std::string user;
  std::string group;
  if (!(words >> user)) return false;
  if (!(words >> group)) group = user;
  return ::getpwnam(user.c_str()) != nullptr && ::getgrnam(group.c_str()) != nullptr;
}

std::string own_account() {
  const passwd* user = ::getpwuid(::geteuid());
  const std::string name = user == nullptr ? "root" : user->pw_name;
  const group* own = user == nullptr ? nullptr : ::getgrgid(user->pw_gid);
  return own == nullptr || own->gr_name == name ? name : name + " " + own->gr_name;
}

}  // namespace

std::string user_in(std::string_view config) {
  std::string found;
  ConfigDirectives directives(config);
  while (const ConfigDirective* directive = directives.next()) {
    if (!directive->is_main("user")) continue;
    found = directive->words[1];
    if (directive->words.size() > 2) found += " " + std::string(directive->words[2]);
  }
  return found;
}

std::string nginx_user(const std::string& config_file, const BuildPaths& build) {
  const std::string now = read_text_file(config_file, kMaxConfigBytes).value_or("");
  const std::string kept = config_file + std::string(kBeforeSuffix);
  std::vector<std::string> accounts;
  // Chorale's own file says what this very function, or [local], said earlier.
  if (!parse_identity_line(now)) accounts.push_back(user_in(now));
  accounts.push_back(user_in(read_text_file(kept, kMaxConfigBytes).value_or("")));
  accounts.push_back(build.user);
  if (build != BuildPaths{}) accounts.insert(accounts.end(), {"nobody", "nobody nogroup"});
  accounts.insert(accounts.end(), {"www-data", "nginx", "nobody", "nobody nogroup"});
  const auto found = std::find_if(accounts.begin(), accounts.end(), exists);
  return found == accounts.end() ? own_account() : *found;
}

}  // namespace chorale::agent

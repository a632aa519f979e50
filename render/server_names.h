// How long a host may be where a template prints hosts as server names. Pure.
//
// Nginx keeps server names in a hash whose buckets have a fixed size, and refuses the whole file for one name that does
// not fit (ngx_hash_init: a name takes 8 + its bytes + 2, rounded up to 8, and the bucket ends with 8 more).
#pragma once

#include <cstddef>
#include <string_view>

namespace chorale::render {

// In bytes, by the server_names_hash_bucket_size that the template sets, else Nginx's default of 64 (46 bytes). 0: no
// `server_name` of the template holds a tag. What an included file sets is not seen.
[[nodiscard]] std::size_t longest_server_name(std::string_view template_text, std::string_view left_delimiter);

}  // namespace chorale::render

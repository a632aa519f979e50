#include "coordination/described_files.h"

#include <utility>

#include "coordination/digest.h"
#include "coordination/paths.h"

namespace chorale::coordination {

DescribedFiles describe_files(std::vector<PublishedFile> files, const Path& root) {
  const Paths paths(root);
  DescribedFiles described{root, {}, {}};
  for (PublishedFile& file : files) {
    FileEntry entry{sha256_hex(*file.text), static_cast<std::int64_t>(file.text->size()), {}};
    for (const Chunk& chunk : cut_chunks(file)) {
      entry.chunks.push_back(ChunkReference{paths.chunks.child(chunk.digest).text(),
                                            static_cast<std::int64_t>(chunk.text.size()),
                                            file.name == "routes.json" ? chunk.first_app : std::string()});
    }
    file.sections.clear();
    described.entries.emplace(file.name, std::move(entry));
  }
  described.files = std::move(files);
  return described;
}

}  // namespace chorale::coordination

// The files of an offer, hashed and cut: what takes time at publishing, for the agent's workers. Pure.
//
// The numbers of a revision stand in its manifest alone, so that all this is known before it has one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "coordination/chunks.h"
#include "coordination/documents.h"

namespace chorale::coordination {

struct DescribedFiles {
  Path root;
  std::vector<PublishedFile> files;          // without sections: they are cut
  std::map<std::string, FileEntry> entries;  // of all of them, as the manifest names them
};

// `root`: as in CoordinatorOptions; the entries name chunks below it. Any thread.
[[nodiscard]] DescribedFiles describe_files(std::vector<PublishedFile> files, const Path& root);

}  // namespace chorale::coordination

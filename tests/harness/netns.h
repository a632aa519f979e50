// Namespaces of the test's own, so that fixed ports, mounts and full disks stay inside and runs may overlap.
//
// REQUIRES: called at the beginning of main(): a namespace belongs to a thread, and later threads and children inherit
// that of the thread that starts them.
#pragma once

namespace chorale::testing {

// A network with nothing but a loopback device, which is up. False where that is not allowed (not root): the test then
// goes on in the host's network, on ports of the kernel's choice.
bool enter_private_network();
// Mounts made from here on are seen, and live, in this process and its children only. False if not allowed.
bool enter_private_mounts();

}  // namespace chorale::testing

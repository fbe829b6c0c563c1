#pragma once

namespace CLI {
class App;
}

namespace gatepost::cli {

// "gate" of the command line, which several files add verbs to; made by the first.
CLI::App& gate_noun(CLI::App& app);

}  // namespace gatepost::cli

#include "config.hpp"

#include <arpa/inet.h>

#include <fstream>
#include <sstream>

namespace linkem {
namespace {

bool address_of(const std::string& text, Address& out) {
    in_addr raw{};
    if (inet_pton(AF_INET, text.c_str(), &raw) != 1) return false;
    out = ntohl(raw.s_addr);
    return true;
}

std::string text_of(Address address) {
    in_addr raw{htonl(address)};
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &raw, text, sizeof text);
    return text;
}

bool read_field(const std::string& word, MirrorPath& path) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) return false;
    const std::string name = word.substr(0, equals);
    char* end = nullptr;
    const double value = std::strtod(word.c_str() + equals + 1, &end);
    if (*end != '\0' || value < 0) return false;
    if (name == "rate") {
        path.rate = value;
    } else if (name == "queue") {
        path.queue = value;
    } else if (name == "delay") {
        path.delay = value;
    } else if (name == "jitter") {
        path.jitter = value;
    } else if (name == "loss") {
        path.loss = value;
    } else if (name == "hole") {
        path.hole = value > 0;
    } else {
        return false;
    }
    return true;
}

bool read_line(const std::string& line, Config& out) {
    std::istringstream words(line);
    std::string what, name, field;
    words >> what;
    if (what == "v6") return out.v6 = true;
    if (what == "seed") return static_cast<bool>(words >> out.seed);
    Address address = 0;
    MirrorPath path;
    words >> name;
    if (!address_of(name, address)) return false;
    while (words >> field) {
        if (!read_field(field, path)) return false;
    }
    if (what == "client") {
        out.clients[address].bottleneck = Bottleneck(path.rate, path.queue);
    } else if (what == "mirror") {
        path.bottleneck = Bottleneck(path.rate, path.queue);
        out.mirrors[address] = path;
    } else {
        return false;
    }
    return true;
}

std::string counts_text(Address address, const Counts& counts) {
    std::ostringstream out;
    out << '"' << text_of(address) << R"(":{"bytes":)" << counts.bytes << R"(,"packets":)" << counts.packets
        << R"(,"queue_drops":)" << counts.queue_drops << R"(,"losses":)" << counts.losses << '}';
    return out.str();
}

template <class Ends>
std::string all_counts(const Ends& ends) {
    std::string out;
    for (const auto& [address, end] : ends)
        out += (out.empty() ? "" : ",") + counts_text(address, end.counts);
    return "{" + out + "}";
}

}  // namespace

bool read_config(const std::string& file, Config& out, std::string& why) {
    std::ifstream in(file);
    if (!in) {
        why = file + ": cannot be read";
        return false;
    }
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        line = line.substr(0, line.find('#'));
        if (line.find_first_not_of(" \t") == std::string::npos) continue;
        if (read_line(line, out)) continue;
        why = file + ":" + std::to_string(number) + ": not understood: " + line;
        return false;
    }
    return true;
}

bool change(const std::string& command, Network& network) {
    std::istringstream words(command);
    std::string what, name;
    double value = 0;
    Address address = 0;
    if (!(words >> what >> name >> value) || !address_of(name, address)) return false;
    auto found = network.mirrors.find(address);
    if (found == network.mirrors.end()) return false;
    if (what == "rate") {
        found->second.bottleneck.set_rate(value);
    } else if (what == "hole") {
        found->second.hole = value > 0;
    } else {
        return false;
    }
    return true;
}

std::string counts_json(const Network& network) {
    return R"({"mirrors":)" + all_counts(network.mirrors) + R"(,"clients":)" + all_counts(network.clients) +
           "}";
}

}  // namespace linkem

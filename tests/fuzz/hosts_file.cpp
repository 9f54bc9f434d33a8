// hosts.toml as containerd would take it, for doctor: always an answer, and one that can be shown.
#include "doctor/hosts_file.hpp"

#include "fuzz/oracle.hpp"
#include "targets/hosts_toml.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace mirrorctl;
    std::string text(fuzz::view_of(data, size));
    auto values = targets::hosts_toml_codec().read(text);
    for (const auto& version : {std::optional<Version>(), std::optional<Version>(Version{1, 6, 20}),
                                std::optional<Version>(Version{2, 1, 0})}) {
        auto file = doctor::read_hosts_file(text, version);
        LAW(fuzz::is_printable(file.why), file.why);
        LAW(file.refusal == doctor::Refusal::none || file.refusal == doctor::Refusal::empty ||
            !file.why.empty() || file.refusal == doctor::Refusal::no_host);
        for (std::size_t i = 0; i + 1 < file.hosts.size(); ++i)
            LAW(!file.hosts[i].is_server, "server is asked last");
        if (file.refusal != doctor::Refusal::none || !values) continue;
        // The editor and this reader see the same hosts in the same order.
        auto listed = values->find(targets::kHosts);
        std::size_t hosts = listed == values->end() ? 0 : listed->second.size();
        std::size_t rows = 0;
        for (const auto& row : file.hosts) {
            if (row.is_server) continue;
            if (rows < hosts && version && version->major == 2)
                LAW(row.written == listed->second[rows], row.written);
            ++rows;
        }
        LAW(rows == hosts, rows, " rows of ", hosts, " hosts");
    }
    return 0;
}

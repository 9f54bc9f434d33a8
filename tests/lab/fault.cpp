#include "lab/fault.hpp"

#include <algorithm>
#include <array>

namespace mirrorctl::lab {
namespace {

struct Row {
    FaultKind kind;
    std::string_view name;
    Subject on;
};

constexpr std::array kRows = {
    Row{FaultKind::hole, "hole", Subject::all},
    Row{FaultKind::refused, "refused", Subject::all},
    Row{FaultKind::tarpit, "tarpit", Subject::all},
    Row{FaultKind::empty, "empty", Subject::all},
    Row{FaultKind::garbage, "garbage", Subject::all},
    Row{FaultKind::html, "html", Subject::all},
    Row{FaultKind::status, "status", Subject::all},
    Row{FaultKind::unauthorized, "unauthorized", Subject::all},
    Row{FaultKind::rate_limit, "rate_limit", Subject::all},
    Row{FaultKind::wrong_digest_header, "wrong_digest_header", Subject::manifest},
    Row{FaultKind::wrong_manifest, "wrong_manifest", Subject::manifest},
    Row{FaultKind::wrong_blob, "wrong_blob", Subject::blob},
    Row{FaultKind::wrong_media_type, "wrong_media_type", Subject::manifest},
    Row{FaultKind::delay, "delay", Subject::blob},
    Row{FaultKind::redirect, "redirect", Subject::blob},
    Row{FaultKind::redirect_loop, "redirect_loop", Subject::blob},
    Row{FaultKind::burst, "burst", Subject::blob},
    Row{FaultKind::endless_body, "endless_body", Subject::manifest},
    Row{FaultKind::endless_headers, "endless_headers", Subject::all},
    Row{FaultKind::gzip_bomb, "gzip_bomb", Subject::manifest},
    Row{FaultKind::reset, "reset", Subject::blob},
    Row{FaultKind::stall, "stall", Subject::blob},
    Row{FaultKind::size_lie, "size_lie", Subject::blob},
    Row{FaultKind::no_range, "no_range", Subject::blob},
    Row{FaultKind::bad_range, "bad_range", Subject::blob},
    Row{FaultKind::stale_tag, "stale_tag", Subject::manifest},
    Row{FaultKind::token_http_realm, "token_http_realm", Subject::all},
    Row{FaultKind::token_link_local, "token_link_local", Subject::all},
    Row{FaultKind::token_huge, "token_huge", Subject::token},
    Row{FaultKind::token_denied, "token_denied", Subject::token},
    Row{FaultKind::token_wrong, "token_wrong", Subject::token},
};

const Row& row_of(FaultKind kind) {
    return *std::find_if(kRows.begin(), kRows.end(), [&](const Row& row) { return row.kind == kind; });
}

}  // namespace

std::string_view name_of(FaultKind kind) {
    return row_of(kind).name;
}
Subject usual_subject(FaultKind kind) {
    return row_of(kind).on;
}

std::optional<FaultKind> fault_kind(std::string_view name) {
    auto row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.name == name; });
    if (row == kRows.end()) return std::nullopt;
    return row->kind;
}

std::optional<Subject> subject(std::string_view name) {
    if (name == "all") return Subject::all;
    if (name == "ping") return Subject::ping;
    if (name == "manifest") return Subject::manifest;
    if (name == "blob") return Subject::blob;
    if (name == "token") return Subject::token;
    return std::nullopt;
}

}  // namespace mirrorctl::lab

// The token server's side of bearer authentication (distribution docs/spec/auth/token.md). Tokens are digests
// of what they are for, so nothing is stored.
#pragma once

#include "lab/scenario.hpp"

#include <string>
#include <string_view>

namespace mirrorctl::lab {

// The token that opens `repository` at `mirror`.
std::string token_for(std::string_view mirror, std::string_view repository);
// True for "Bearer <token>" with the token of this mirror and repository.
bool opens(std::string_view authorization, std::string_view mirror, std::string_view repository);
// True for "Basic <base64 of user:password>"; also when the mirror wants no user.
bool knows_user(std::string_view authorization, const MirrorSpec& mirror);
// The repository of a scope "repository:NAME:pull"; "" for another scope.
std::string repository_of_scope(std::string_view scope);

}  // namespace mirrorctl::lab

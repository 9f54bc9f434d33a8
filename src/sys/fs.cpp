#include "sys/fs.hpp"

namespace mirrorctl::sys {

Result<std::string> FsReader::read_of(const TargetPath& path, std::uint32_t owner) const {
    TRY_ASSIGN(auto info, stat(path));
    if (info.type != FileType::regular || info.meta.uid != owner)
        return Failure(Error{.code = ErrorCode::unsafe_path,
                             .message = "cannot read: " + path.str() + ": not a plain file of its user"});
    return read(path);
}

}  // namespace mirrorctl::sys

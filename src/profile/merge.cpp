#include "base/strings.hpp"
#include "base/url.hpp"
#include "profile/resolve.hpp"
#include "profile/shape.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace mirrorctl::profile {

namespace {

constexpr std::size_t kMaxExtends = 8;
constexpr int kMaxDocuments = 32;

// Two spellings of one URL (case of the host, default port, slash at the end) are one mirror.
std::string url_key(const Node& mirror) {
    auto text = mirror.value("url");
    auto url = parse_url(text);
    return url ? without_trailing_slash(*url).str() : text;
}

enum class Order { over_first, base_first };

void merge_into(Node& base, Node over, Order order);

Node* find_mirror(std::vector<Node>& mirrors, const Node& like) {
    auto key = url_key(like);
    auto it =
        std::find_if(mirrors.begin(), mirrors.end(), [&](const Node& item) { return url_key(item) == key; });
    return it == mirrors.end() ? nullptr : &*it;
}

void merge_mirrors(Node& base, Node over, Order order) {
    std::vector<Node> fresh;
    for (auto& mirror : over.items) {
        Node* mine = find_mirror(base.items, mirror);
        if (mine == nullptr) {
            fresh.push_back(std::move(mirror));
            continue;
        }
        merge_into(*mine, std::move(mirror), order);
        if (order == Order::base_first) continue;
        fresh.push_back(std::move(*mine));
        base.items.erase(base.items.begin() + (mine - base.items.data()));
    }
    if (order == Order::over_first) base.items.swap(fresh);
    std::move(fresh.begin(), fresh.end(), std::back_inserter(base.items));
}

// `over` wins. Both are mappings. The result stands where `over` does: that is where a reader of a message
// looks first.
void merge_into(Node& base, Node over, Order order) {
    for (auto& item : over.items) {
        Node* mine = base.find(item.key);
        if (mine == nullptr)
            base.items.push_back(std::move(item));
        else if (mine->kind == Kind::mapping && item.kind == Kind::mapping)
            merge_into(*mine, std::move(item), order);
        else if (item.key == "mirrors" && mine->kind == Kind::sequence && item.kind == Kind::sequence)
            merge_mirrors(*mine, std::move(item), order);
        else
            *mine = std::move(item);
    }
    base.place = over.place;
    base.key_place = over.key_place;
    base.file = over.file;
}

void check_twins(const Node& tree, Problems& problems) {
    const Node* upstreams = tree.find("upstreams");
    if (upstreams == nullptr) return;
    for (const auto& upstream : upstreams->items) {
        std::map<std::string, int> seen;
        const Node* mirrors = upstream.find("mirrors");
        if (mirrors == nullptr) continue;
        for (const auto& mirror : mirrors->items) {
            const Node* url = mirror.find("url");
            auto [it, fresh] = seen.emplace(url_key(mirror), url->place.line);
            if (!fresh)
                problems.add(url->where(),
                             cat("mirror listed twice: ", printable_line(mask_secrets(url->text)),
                                 ": first in line ", it->second));
        }
    }
}

void drop_own_keys(Node& tree) {
    std::erase_if(tree.items, [](const Node& item) {
        return item.key == "schema" || item.key == "name" || item.key == "description" ||
               item.key == "example" || item.key == "extends";
    });
}

class Extender {
  public:
    Extender(const Store& store, Problems& problems) : store_(store), problems_(problems) {}

    Node merged(const Document& document) {
        auto known = problems_.errors.size();
        check_shape(document.tree, kProfileShape, problems_);
        if (problems_.errors.size() == known) check_twins(document.tree, problems_);
        if (problems_.errors.size() > known) return document.tree;
        chain_.push_back(document.from == "embedded" ? document.tree.value("name") : document.from);
        Node result;
        result.kind = Kind::mapping;
        if (const Node* extends = document.tree.find("extends"))
            for (const auto& entry : extends->items) extend(result, document, entry);
        chain_.pop_back();
        merge_into(result, document.tree, Order::over_first);
        return result;
    }

  private:
    void extend(Node& result, const Document& by, const Node& entry) {
        auto parent = store_.open_for(by, entry.text);
        if (!parent) {
            auto error = parent.error();
            if (!error.location) error.location = entry.where();
            return problems_.errors.push_back(std::move(error));
        }
        auto name = parent->from == "embedded" ? parent->tree.value("name") : parent->from;
        if (std::find(chain_.begin(), chain_.end(), name) != chain_.end())
            return problems_.add(entry.where(),
                                 cat("extends goes in a circle: ", join(chain_, " -> "), " -> ", name));
        if (chain_.size() >= kMaxExtends || ++documents_ > kMaxDocuments)
            return problems_.add(entry.where(), cat("extends reaches too far: more than ", kMaxExtends,
                                                    " levels or ", kMaxDocuments, " profiles"));
        Node tree = merged(*parent);
        drop_own_keys(tree);
        merge_into(result, std::move(tree), Order::base_first);
    }

    const Store& store_;
    Problems& problems_;
    std::vector<std::string> chain_;
    int documents_ = 0;
};

}  // namespace

Node merged_tree(const Store& store, const Document& document, Problems& problems) {
    return Extender(store, problems).merged(document);
}

}  // namespace mirrorctl::profile

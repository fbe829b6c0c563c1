#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "acme/client.hpp"
#include "acme/outcome.hpp"
#include "acme/solver.hpp"
#include "certificates/store.hpp"

namespace gatepost::acme {

struct Wanted {
  std::vector<std::string> names;  // the first is what it is kept by
  certificates::KeyKind key = certificates::KeyKind::p256;
  bool reuse_key = false;
};

struct Patience {
  std::chrono::milliseconds first{500}, most{10'000};  // between two questions about the same thing
  std::chrono::seconds in_all{600};                    // for one challenge, or for the certificate to be made
};

// Gets one certificate: order, proofs, request, download (RFC 8555 7.4). What was reached is noted in the store's
// folder (order.json, the key in next.key) before the next step, so that after a kill the order goes on, or is begun
// again when the authority does not know it any more. The certificate is returned, not installed.
class Ordering {
 public:
  Ordering(Client& client, const certificates::Store& store, Solver& solver, const Clock& clock, Patience patience = {})
      : client_(client), store_(store), solver_(solver), clock_(clock), patience_(patience) {}

  Outcome<certificates::Held> run(const Wanted& wanted, std::stop_token stop);
  // After what run() returned was installed.
  void finished(const Wanted& wanted);

 private:
  struct Noted {
    std::string url;
    Order order;
  };
  Outcome<Noted> find_or_begin(const Wanted& wanted, std::stop_token stop);
  Outcome<Noted> begin(const Wanted& wanted, std::stop_token stop);
  std::string noted_url(const Wanted& wanted) const;
  Outcome<Order> look(const std::string& url, std::stop_token stop, std::chrono::seconds* wait = nullptr);
  Outcome<> prove(const Order& order, std::stop_token stop);
  Outcome<> await_authorization(const std::string& url, std::stop_token stop);
  Outcome<Order> await_order(const Noted& noted, Status until, std::stop_token stop);
  Outcome<certificates::Held> download(const Order& order, const certificates::Key& key, const Wanted& wanted,
                                       std::stop_token stop);
  // false: told to stop. Grows from the first to the longest wait; the authority's wish counts within that.
  bool wait(unsigned round, std::chrono::seconds wish, std::stop_token stop) const;

  Client& client_;
  const certificates::Store& store_;
  Solver& solver_;
  const Clock& clock_;
  const Patience patience_;
};

}  // namespace gatepost::acme

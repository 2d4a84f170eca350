"""Who is answered: hosts and origins, the token and its sessions."""

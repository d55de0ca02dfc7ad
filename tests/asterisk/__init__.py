"""A real Asterisk with telephones around it, for the tests and for people: no root, no container, standard library only.

``fetching`` unpacks Debian's packages into a cache, ``lab`` starts and stops an exchange on its own ports, ``telephones``
the soft phones and the simulated phone network, ``__main__`` is the command line of all three.
"""

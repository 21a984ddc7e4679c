"""DLMS/COSEM: frames, application units, values and the lists that meters push; pure decoding, no sockets here.

Written from the published structure of the standards (IEC 62056-46, -47, -5-3, -6-1, -6-2; the DLMS UA's Green and Blue
Books), from makers' public descriptions of their lists, and from captures. Bytes come from foreign hands: nothing but
``DlmsError`` comes out, depth and size are bounded, and no decoder loops without consuming.
"""
